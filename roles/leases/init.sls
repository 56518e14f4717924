# Leases on the disks of VMs, for hosts that share directories: libvirt starts no VM whose disk a VM of another host
# holds, whoever asks for it. Apply it beside the role hypervisor, and before VMs run: those that do have no lease yet.
# vars: leases: {directory: /srv/vms/.leases}, which must be the same directory on all hosts (NFSv4, GFS2, OCFS2, ...).
#
# A lease goes by the disk's path: shared directories have to be mounted at one path everywhere, and two local disks of one
# path exclude each other. Disks that QEMU itself fetches over a network (iSCSI, RBD) have no path, and no lease.
{% set directory = salt['pillar.get']('leases:directory') %}

include:
  - hypervisor

{% if directory %}
lease-directory:
  file.directory:
    - name: {{ directory }}
    - mode: '0700'
    - makedirs: True
    - retry: {attempts: 5, interval: 1}     # all hosts make the same one at once

lease-configuration:
  file.managed:
    - name: /etc/libvirt/qemu-lockd.conf
    - mode: '0644'
    - contents: |
        # Written by drover (role leases).
        auto_disk_leases = 1
        require_lease_for_disks = 1
        file_lockspace_dir = "{{ directory }}"
    - require:
      - pkg: hypervisor-packages
      - file: lease-directory
    - watch_in:
      - service: libvirt-service

lease-daemon:
  service.running:
    - name: virtlockd.socket
    - enable: True
    - require:
      - pkg: hypervisor-packages

lease-driver:
  cmd.run:
    - name: printf '\n# Written by drover (role leases).\nlock_manager = "lockd"\n' >> /etc/libvirt/qemu.conf
    - unless: grep -qx 'lock_manager = "lockd"' /etc/libvirt/qemu.conf
    - require:
      - file: lease-configuration
      - service: lease-daemon
    - watch_in:
      - service: libvirt-service
{% else %}
lease-directory:
  test.fail_without_changes:
    - name: 'the role leases needs the directory that all hosts share: vars leases: {directory: ...}'
{% endif %}
