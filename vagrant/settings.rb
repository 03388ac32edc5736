# The LAB_ variables of the Vagrantfile, each checked before anything is started.
#
#   LAB_BOX              another box than the pinned one, by the name that
#                        `vagrant box list` shows
#   LAB_CPUS             processors of one machine: 1 to 64
#   LAB_MEMORY           its memory in MB: 1024 to 262144
#   LAB_LIBVIRT_DRIVER   kvm, or qemu where the processor cannot virtualize (slow)
#   LAB_STUDENTS         1 to 99 machines, student-01 and so on, instead of one
#   LAB_FOR_BOX          yes: a machine to make a box of; make-box.sh sets it
#
# A variable that is empty is one that is not set. A wrong value ends Vagrant with one
# line, which names the variable and what it may be.

module Labshell
  # One line for the person at the keyboard: Vagrant prints it without a traceback.
  class Refusal < Vagrant::Errors::VagrantError
    def initialize(line)
      @line = line
      super()
    end

    def error_message
      @line
    end
  end

  # What was chosen, as plain values.
  class Settings
    attr_reader :box, :cpus, :memory, :libvirt_driver, :students

    def initialize(environment)
      @environment = environment
      @box = name("LAB_BOX")
      @cpus = number("LAB_CPUS", 1..64, 2)
      @memory = number("LAB_MEMORY", 1024..262_144, 2048)
      @libvirt_driver = one_of("LAB_LIBVIRT_DRIVER", %w[kvm qemu])
      @students = number("LAB_STUDENTS", 1..99, nil)
      @for_box = one_of("LAB_FOR_BOX", %w[no yes]) == "yes"
    end

    # Is this machine made to become a box, and nobody's to work in?
    def for_box?
      @for_box
    end

    # The names of the machines: "labshell", or one for each student.
    def machines
      return ["labshell"] if students.nil?

      (1..students).map { |number| format("student-%02d", number) }
    end

    private

    def value(variable)
      found = @environment[variable].to_s
      found.empty? ? nil : found
    end

    def number(variable, range, default)
      found = value(variable)
      return default if found.nil?
      return found.to_i if found.match?(/\A[0-9]{1,6}\z/) && range.cover?(found.to_i)

      refuse(variable, found, "a whole number from #{range.min} to #{range.max}")
    end

    def one_of(variable, choices)
      found = value(variable) || choices.first
      choices.include?(found) ? found : refuse(variable, found, choices.join(" or "))
    end

    def name(variable)
      found = value(variable)
      return found if found.nil? || found.match?(%r{\A\w[\w.-]*(/\w[\w.-]*)?\z})

      refuse(variable, found, "the name of a box, as `vagrant box list` shows it")
    end

    def refuse(variable, found, wanted)
      raise Refusal, "#{variable} is #{found[0, 40].inspect}, and must be #{wanted}."
    end
  end
end
