# A submission, fetched from the machine and checked before it gets its name.
#
#   vagrant/submit [MACHINE]     or, where there is no sh:
#   vagrant provision --provision-with submit [MACHINE]
#
# The provisioner asks for one; the trigger after it fetches it, checks it and names it
# submissions/MACHINE-TIME.tar.gz. A student is root in the machine, and may have made
# the archive by hand. So it is read here to its end, with bounds, and refused unless
# it is a plain ustar of plain files and directories below submission/, with names that
# every system can hold. Whoever unpacks it gets files, in one place; and what those say
# is only what a student says.
#
# man: tar(5)

require "zlib"
require_relative "guest"

module Labshell
  class Submission
    FOLDER = File.join(__dir__, "submissions")

    # Have Vagrant fetch a submission whenever one was asked for.
    def self.fetch(config)
      config.vm.provision "submit", type: "shell", run: "never", inline:
        "mkdir -p /var/lib/labshell-work && touch /var/lib/labshell-work/submit"
      config.trigger.after :provision do |trigger|
        trigger.name = "fetch a submission if one was asked for"
        trigger.ruby { |_environment, machine| new(machine).fetch }
      end
    end

    def initialize(machine)
      @machine, @guest = machine, Guest.new(machine)
    end

    def fetch
      return unless @guest.running? && @guest.run("submission.sh", "waiting") == "yes"

      FileUtils.mkdir_p(FOLDER, mode: 0o700)
      time = Time.now.utc.strftime("%Y%m%dT%H%M%SZ")
      path = File.join(FOLDER, "#{@machine.name}-#{time}.tar.gz")
      unchecked = "#{path}.unchecked"
      @guest.fetch(unchecked, "submission.sh", "pack")
      files = Plain.new(unchecked).check
      File.rename(unchecked, path)
      @machine.ui.info("The submission, #{files} files, is #{path}")
    ensure
      FileUtils.rm_f(unchecked) if unchecked
    end
  end

  # An archive that is nothing but files and directories.
  class Plain
    LARGEST = 200_000_000 # bytes, unpacked
    MOST = 20_000 # members
    BLOCK = 512
    PART = /(?!\.{1,2}\z)[^\x00-\x1f\x7f<>:"\\|?*\/]*[^\x00-\x1f\x7f<>:"\\|?*\/. ]/n
    RESERVED = /\A(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|\z)/in

    def initialize(path)
      @path = path
    end

    # The number of files; Refusal if the archive is anything else.
    def check
      @left, @members, @files = LARGEST, 0, 0
      File.open(@path, "rb") do |file|
        tar = Zlib::GzipReader.new(file)
        while (header = read(tar, BLOCK)) != "\0" * BLOCK
          member(tar, header)
        end
        nothing_follows(tar, file)
      end
      @files
    rescue Zlib::Error
      refuse("it is no gzip")
    end

    private

    def member(tar, header)
      refuse("a header is damaged") unless sound?(header)
      name, kind, size = name_of(header), header[156], header[124, 12].to_i(8)
      refuse("#{name.inspect} is no plain file") unless %w[0 5].include?(kind)
      refuse("the name #{name.inspect}") unless fit?(name)
      refuse("it has too many members") if (@members += 1) > MOST
      @files += 1 if kind == "0"
      skip(tar, (size + BLOCK - 1) / BLOCK * BLOCK)
    end

    def skip(tar, size)
      size -= read(tar, [size, 1 << 16].min).size while size.positive?
    end

    def read(tar, size)
      refuse("it is too large") if (@left -= size).negative?
      data = tar.read(size)
      data&.bytesize == size ? data : refuse("it ends too early")
    end

    # What some programs would skip, others would unpack.
    def nothing_follows(tar, file)
      until tar.eof?
        refuse("something follows its end") if read(tar, BLOCK).delete("\0") != ""
      end
      refuse("something follows its end") if tar.unused || !file.eof?
    end

    # Is it ustar, and right the sum of its bytes, with spaces in the sum's own field?
    def sound?(header)
      field = header[148, 8]
      return false unless header[257, 8] == "ustar\x0000"

      header.sum(32) - field.sum(32) + (" " * 8).sum(32) == field.to_i(8)
    end

    def name_of(header)
      [header[345, 155], header[0, 100]]
        .map { |part| part[/\A[^\0]*/n] }.reject(&:empty?).join("/").chomp("/")
    end

    def fit?(name)
      return false unless name.dup.force_encoding("UTF-8").valid_encoding?

      first, *rest = name.split("/", -1)
      first == "submission" && name.size < 256 && [first, *rest].all? do |part|
        part.match?(/\A#{PART}\z/n) && !part.match?(RESERVED)
      end
    end

    def refuse(reason)
      raise Refusal, "The submission is refused: #{reason[0, 200]}."
    end
  end
end
