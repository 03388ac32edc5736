# The host's side of a machine that is no machine: see inside.py.
#
#   ruby host.rb FOLDER STATE ACTION,... WORD...
#
# FOLDER is a copy of vagrant/, STATE what Vagrant would say of the machine, ACTION,…
# are methods of Work and new states (=poweroff), or "submission". WORD… is put before a
# command to run it inside. With REPLY=FILE in the environment the machine answers with
# that file to whatever is to be packed; with REFUSES=yes its SSH does not answer.

require "open3"
require "vagrant"

folder, state, action, *enter = ARGV
require File.join(folder, "work")
require File.join(folder, "submission")

# What the two need of Vagrant's communicator.
class Inside
  def initialize(enter)
    @enter = enter
  end

  def sudo(command, error_check: true)
    raise Vagrant::Errors::SSHConnectionRefused if ENV["REFUSES"]
    if ENV["REPLY"] && command.end_with?("pack")
      yield :stdout, File.binread(ENV["REPLY"])
      return 0
    end
    line = [*@enter, "env", "SUDO_USER=student", "bash", "-c", command]
    out, err, status = Open3.capture3({}, *line, binmode: true)
    if block_given?
      out.scan(/.{1,5000}/mn) { |piece| yield :stdout, piece }
      yield :stderr, err unless err.empty?
    end
    raise "failed: #{err}" if error_check && !status.success?

    status.exitstatus
  end

  def upload(from, to)
    Open3.capture2(*@enter, "sh", "-c", 'cat >"$1"', "sh", to,
                   stdin_data: File.binread(from), binmode: true)
  end
end

class Screen
  def info(text)
    puts text
  end

  def warn(text)
    puts "warning: #{text}"
  end
end

State = Struct.new(:id)
Machine = Struct.new(:name, :state, :communicate, :ui)
machine = Machine.new(:labshell, State.new(state.to_sym), Inside.new(enter), Screen.new)

begin
  if action == "submission"
    Labshell::Submission.new(machine).fetch
  else
    work = Labshell::Work.new(machine)
    action.split(",").each do |name|
      next work.public_send(name) unless name.start_with?("=")

      machine.state.id = name[1..].to_sym
    end
  end
rescue Labshell::Refusal => error
  puts "refused: #{error.message}"
  exit 1
end
