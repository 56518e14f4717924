libvirt_keys:
  virt.keys
