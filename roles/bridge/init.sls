# A bridge over the machine's network card, so that VMs are on the same network as the machine.
# vars: bridge (its name), bridge_port (the card), bridge_proto (dhcp or static), and for static
# bridge_address, bridge_netmask, bridge_gateway, bridge_dns.
{% set port = salt['pillar.get']('bridge_port', 'eth0') %}
{% set bridge = salt['pillar.get']('bridge', 'br0') %}
{% set proto = salt['pillar.get']('bridge_proto', 'dhcp') %}

{{ port }}:
  network.managed:
    - enabled: True
    - type: eth
    - bridge: {{ bridge }}

{{ bridge }}:
  network.managed:
    - enabled: True
    - type: bridge
    - proto: {{ proto }}
{%- if proto == 'static' %}
    - ipaddr: {{ salt['pillar.get']('bridge_address') }}
    - netmask: {{ salt['pillar.get']('bridge_netmask', '255.255.255.0') }}
{%-   if salt['pillar.get']('bridge_gateway') %}
    - gateway: {{ salt['pillar.get']('bridge_gateway') }}
{%-   endif %}
{%-   if salt['pillar.get']('bridge_dns') %}
    - dns: {{ salt['pillar.get']('bridge_dns') | json }}
{%-   endif %}
{%- endif %}
    - require:
      - network: {{ port }}
