-- In place of wireplumber 0.4's own: the same but for hardware, which a pod has none of.
load_module("metadata")
default_access.enable()
device_defaults.enable()
stream_defaults.enable()
load_script("intended-roles.lua")
load_script("suspend-node.lua")
