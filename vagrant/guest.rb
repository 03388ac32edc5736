# The machine as seen from the host: a script is sent, and what it prints comes back.
#
# What comes back is not trusted: whoever is root in there wrote it. So it is bounded,
# it goes into one file whose name the host chose, and it is never unpacked here. What
# it says in words is shown without control characters. Nothing is fetched with scp,
# where the other side names the files.

require "base64"
require "fileutils"
require "shellwords"
require_relative "settings"

module Labshell
  class Guest
    LARGEST = 1 << 30 # bytes of one archive
    WORDS = 4096 # characters of what a script says
    NEW = File::WRONLY | File::CREAT | File::EXCL | File::BINARY

    def initialize(machine)
      @machine = machine
    end

    def running?
      @machine.state.id == :running
    end

    # Run `script`, a file of this folder, as root; what it says. Refusal if it fails.
    def run(script, *arguments)
      said = +"".b
      execute(script, arguments) { |data| said << data if said.size < WORDS }
      plain(said)
    end

    # Run `script`, which packs something, and put the archive into a new file `path`.
    def fetch(path, script, *arguments)
      part = "#{path}.part"
      FileUtils.rm_f(part)
      File.open(part, NEW, 0o600) do |file|
        arrival = Arrival.new(file, LARGEST)
        execute(script, arguments) { |data| arrival << data }
        arrival.finish
        file.fsync
      end
      File.rename(part, path)
    ensure
      FileUtils.rm_f(part)
    end

    # Send a file of the host to `path` in the machine.
    def send_file(file, path)
      @machine.communicate.upload(file, path)
    end

    # After a sleep the machine goes on where it was: bring its clock up to ours.
    def settle_clock
      now = Time.now.to_i
      @machine.communicate.sudo("[ \"$(date +%s)\" -ge #{now} ] || date -s @#{now}")
    end

    private

    def execute(script, arguments)
      complaint = +"".b
      command = "#{sending(script)} | bash -s -- #{Shellwords.join(arguments)}"
      status = @machine.communicate.sudo(command, error_check: false) do |type, data|
        type == :stdout ? yield(data) : complaint << data[0, WORDS]
      end
      return if status.zero?

      raise Refusal, plain(complaint).lines.last || "#{script} ended with #{status}"
    end

    # A command that prints the script. Windows may have given it other line ends.
    def sending(script)
      text = File.binread(File.join(__dir__, script)).delete("\r")
      "printf %s #{Base64.strict_encode64(text)} | base64 -d"
    end

    # Text of the machine, fit for the host's terminal.
    def plain(text)
      text.dup.force_encoding("UTF-8").scrub("?").gsub(/[^[:print:]\n]/, "?").strip
    end
  end

  # An archive on its way: lines of base64, in pieces of any length, and then a line
  # "end …" with the exit codes of tar, gzip and base64.
  class Arrival
    LONGEST = 1 << 20 # characters of a line

    def initialize(file, largest)
      @file, @largest = file, largest
      @size, @rest, @last = 0, +"".b, ""
    end

    def <<(data)
      return if data.empty?

      *lines, @rest = (@rest + data.b).split("\n", -1)
      lines.each { |line| take(line) }
      raise Refusal, "the machine sent a line without an end" if @rest.size > LONGEST
    end

    # Refusal unless all of it is here. tar says 1 if a file changed meanwhile.
    def finish
      return if @last.match?(/\Aend [01] 0 0\z/)

      raise Refusal, "the machine could not pack all of it (#{@last[0, 40].inspect})"
    end

    private

    def take(line)
      raise Refusal, "the machine sent more after the end" unless @last.empty?
      return @last = line if line.start_with?("end ")

      data = line.unpack1("m0")
      @size += data.size
      raise Refusal, "it is larger than #{@largest >> 20} MB" if @size > @largest

      @file.write(data)
    rescue ArgumentError
      raise Refusal, "the machine sent something that is no archive"
    end
  end
end
