# A machine that runs virtual machines: libvirt and QEMU, certificates, and libvirt's TLS port.
{% from "hypervisor/map.jinja" import hypervisor with context %}

include:
  - libvirt-keys

hypervisor-packages:
  pkg.installed:
    - pkgs: {{ (hypervisor.packages + hypervisor.more_packages) | json }}
    - require_in:
      - virt: libvirt_keys      # the keys' owner is a group that the packages make

# Desktop boards share or lack the DMI UUID that libvirt would take; two hosts of one UUID refuse to migrate.
libvirt-configuration:
  file.managed:
    - name: /etc/libvirt/libvirtd.conf
    - source: salt://hypervisor/files/libvirtd.conf
    - mode: '0644'
    - require:
      - pkg: hypervisor-packages

# systemd starts a socket only while its service is stopped. Guests do not notice that the daemon pauses.
libvirt-tls-socket:
  cmd.run:
    - name: systemctl stop {{ hypervisor.service }}.service && systemctl enable --now {{ hypervisor.tls_socket }}
    - unless: systemctl is-active --quiet {{ hypervisor.tls_socket }} && systemctl is-enabled --quiet {{ hypervisor.tls_socket }}
    - require:
      - virt: libvirt_keys
      - file: libvirt-configuration

libvirt-service:
  service.running:
    - name: {{ hypervisor.service }}
    - enable: True
    - require:
      - pkg: hypervisor-packages
      - cmd: libvirt-tls-socket
    - watch:
      - file: libvirt-configuration
