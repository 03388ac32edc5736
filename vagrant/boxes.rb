# Which box: the disk that a machine starts from, the same for everybody.
#
#   virtualbox, parallels, vmware_desktop   bento/debian-13
#   libvirt, qemu                           cloud-image/debian-13
#
# Both are pinned, so that a class has one machine and not thirty that are alike. To use
# a newer one, change its version here. `LAB_BOX` takes the place of all of them, and
# then no version is asked for.
#
# Vagrant 2.4 asks the registry for the processor of the host. Vagrant 2.3 knows nothing
# of processors and would get a box for another one: there the file is named whole.

require "etc"

module Labshell
  module Boxes
    PINNED = {
      "bento/debian-13" => "202510.26.0",
      "cloud-image/debian-13" => "20260819.2575.0",
    }.freeze
    PROVIDERS = {
      "virtualbox" => "bento/debian-13",
      "parallels" => "bento/debian-13",
      "vmware_desktop" => "bento/debian-13",
      "libvirt" => "cloud-image/debian-13",
      "qemu" => "cloud-image/debian-13",
    }.freeze
    # vagrant-qemu starts what was made for libvirt.
    FORMATS = { "qemu" => "libvirt" }.freeze

    module_function

    # Write into `machine` which box `provider` starts from.
    def choose(machine, provider, chosen)
      if chosen
        machine.box = chosen
        return
      end
      name = PROVIDERS.fetch(provider)
      version = PINNED.fetch(name)
      if knows_processors?
        machine.box = name
        machine.box_version = version
      else
        machine.box = "#{name}-#{version}-#{processor}"
        machine.box_url = address(name, version, FORMATS.fetch(provider, provider))
      end
    end

    def knows_processors?
      Gem::Version.new(Vagrant::VERSION) >= Gem::Version.new("2.4.0")
    end

    # The registry's word for the processor of this host.
    def processor
      %w[aarch64 arm64].include?(Etc.uname[:machine]) ? "arm64" : "amd64"
    end

    def address(name, version, format)
      owner, box = name.split("/")
      "https://vagrantcloud.com/#{owner}/boxes/#{box}/versions/#{version}" \
        "/providers/#{format}/#{processor}/vagrant.box"
    end
  end
end
