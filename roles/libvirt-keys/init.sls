# The host's certificates for libvirt and for QEMU's migration streams, in place and up to date.
libvirt_keys:
  virt.keys
