# A student's work outlives the machine: it is copied here, and brought into the next.
#
#   before halt, reload, suspend   a copy, kept/MACHINE/TIME.tar.gz; if that fails, a
#                                  warning: the work is on the machine's own disk
#   before destroy                 a copy; if that fails, no destroy
#   after up, reload, provision    a machine that is new is given the newest copy
#
#   kept/MACHINE/open              is there while the machine may have work that no
#                                  copy has: one that was switched off from inside
#                                  must be up once more before it is destroyed
#   kept/MACHINE/apart-…           a copy that could not be brought back in time, and
#                                  is kept until somebody looks
#
# The newest few copies stay. A copy is never unpacked here (see guest.rb), but
# `tar -tzf FILE` looks into one.
#
# Try it: echo hello >~/work/note in the machine; then vagrant destroy; vagrant up

require "securerandom"
require_relative "guest"

module Labshell
  class Work
    FOLDER = File.join(__dir__, "kept")
    COPIES = 5
    FORCE = "LAB_LOSE_WORK"

    # Have Vagrant do all that is said above.
    def self.keep(triggers)
      known = Hash.new { |all, machine| all[machine] = new(machine) }
      [
        [:before, %i[halt reload suspend], "copy the work to the host", :copy_or_warn],
        [:before, %i[destroy], "copy the work to the host", :copy_or_stop],
        [:after, %i[halt destroy], "note that the machine is off", :close],
        [:after, %i[up reload resume provision], "see to the work", :open],
      ].each do |moment, actions, name, method|
        triggers.public_send(moment, actions) do |trigger|
          trigger.name = name
          trigger.ruby { |_environment, machine| known[machine].public_send(method) }
        end
      end
    end

    def initialize(machine)
      @machine, @guest = machine, Guest.new(machine)
      @folder = File.join(FOLDER, machine.name.to_s)
      @mark = File.join(@folder, "open")
      @copied = false
    end

    # Copy the work to the host; say so and go on if that is not possible.
    def copy_or_warn
      copy if @guest.running?
    rescue StandardError => error
      warn("The work was not copied to the host: #{reason(error)}.",
           "It stays on the machine's own disk. The newest copy: #{newest}")
    end

    # Copy the work to the host; Refusal if that is not possible, unless it is forced.
    def copy_or_stop
      if @guest.running?
        copy
      elsif @machine.state.id != :not_created && File.exist?(@mark)
        raise Refusal, "it is off, and was not copied before"
      end
    rescue StandardError => error
      failure = "Its work could not be copied to the host: #{reason(error)}."
      return warn(failure, "#{FORCE}=yes: going on.") if ENV[FORCE] == "yes"

      raise Refusal, <<~WORDS.chomp
        #{@machine.name} is not destroyed. #{failure}
        To do: `vagrant up`, then destroy it again. To lose what is newer than the
        newest copy (#{newest}), set #{FORCE}=yes in the environment.
      WORDS
    end

    # The machine is up: bring back the work, and note that there may be more soon.
    def open
      return unless @guest.running?

      @copied = false
      FileUtils.mkdir_p(@folder, mode: 0o700)
      FileUtils.touch(@mark)
      @guest.settle_clock
      return if came?

      copies.empty? ? @guest.run("keep.sh", "begun") : bring(copies.last)
    rescue StandardError => error
      warn("The work was not brought back: #{reason(error)}.",
           "To try again: `vagrant provision`. The newest copy: #{newest}")
    end

    # The machine has stopped, or is gone.
    def close
      gone = @machine.state.id == :not_created
      FileUtils.rm_f(@mark) if gone || (@copied && !@guest.running?)
    end

    private

    def copy
      FileUtils.mkdir_p(@folder, mode: 0o700)
      before = copies.last
      name = Time.now.utc.strftime("%Y%m%dT%H%M%SZ.tar.gz")
      @guest.fetch(File.join(@folder, name), "keep.sh", "pack")
      @copied = true
      if before && before != name
        came? ? tidy(before, name) : put_apart(before)
      end
      @machine.ui.info("The work is in #{newest}")
    end

    # Copies that are the same are one; old ones go.
    def tidy(before, name)
      forget(name) if same?(before, name)
      copies[0...-COPIES].each { |old| forget(old) }
    end

    # The machine never had what is in this copy: it must not count as older work.
    def put_apart(name)
      apart = File.join(@folder, "apart-#{name}")
      File.rename(File.join(@folder, name), apart)
      warn("Older work was never brought back, and is kept: #{apart}")
    end

    def bring(name)
      place = "/var/tmp/labshell-work-#{SecureRandom.hex(8)}.tar.gz"
      @guest.send_file(File.join(@folder, name), place)
      said = @guest.run("keep.sh", "bring", place)
      @machine.ui.info("The work is back, as it was in #{newest}. #{said}")
    end

    def came?
      @guest.run("keep.sh", "came") == "yes"
    end

    # The names of the copies, oldest first.
    def copies
      return [] unless File.directory?(@folder)

      Dir.children(@folder).grep(/\A[0-9TZ]+\.tar\.gz\z/).sort
    end

    def newest
      copies.empty? ? "there is none" : File.join(@folder, copies.last)
    end

    def same?(one, other)
      FileUtils.compare_file(File.join(@folder, one), File.join(@folder, other))
    end

    def forget(name)
      FileUtils.rm_f(File.join(@folder, name))
    end

    # In one line. Where SSH fails, Vagrant's own advice is to destroy the machine.
    def reason(error)
      ssh = error.class.name[/::SSH(\w+)\z/, 1]
      return error.message.lines.first.to_s.strip.chomp(".") if ssh.nil?

      "it does not answer (SSH: #{ssh.gsub(/(?<=[a-z])(?=[A-Z])/, " ").downcase})"
    end

    def warn(*lines)
      lines.each { |line| @machine.ui.warn(line) }
    end
  end
end
