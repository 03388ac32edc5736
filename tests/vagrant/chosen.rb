# What the Vagrantfile makes of the environment, as JSON: no machine is started.
#
#   ruby chosen.rb FOLDER PROVIDER [VERSION]
#
# VERSION is the one that Vagrant says it is.

require "json"
require "vagrant"

folder, provider, version = ARGV
if version
  Vagrant.send(:remove_const, :VERSION)
  Vagrant::VERSION = version
end
environment = Vagrant::Environment.new(cwd: folder)
machines = environment.vagrantfile.machine_names_and_options
name = environment.machine_names.last
config = environment.vagrantfile
                    .machine_config(name, provider.to_sym, nil, nil, false)[:config]
puts JSON.dump(
  machines: machines.transform_values { |options| options.fetch(:autostart) },
  hostname: config.vm.hostname,
  box: config.vm.box,
  version: config.vm.box_version,
  address: config.vm.box_url,
  shared: config.vm.synced_folders.fetch("/vagrant"),
  triggers: {
    before: config.trigger.before_triggers.map(&:command),
    after: config.trigger.after_triggers.map(&:command),
  },
  provisioners: config.vm.provisioners.map { |one| [one.name, one.run] }
)
