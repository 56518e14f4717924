#!/bin/sh
# The first process of the guest image: busybox ash. Takes its name, keys and network from a NoCloud seed (without one
# its address by DHCP), lets the seed's keys in over SSH, then counts once a second: to the console, to its disk and over
# HTTP, which shows what a migration or a crash costs. Where user-data has a line "drover_count_ms: N", the disk gets a
# count of its own every N milliseconds, which is on the console once the disk has it.
#
# Console:         drover-guest: BOOT HOSTNAME COUNTER UPTIME
#                  ack COUNTER UPTIME.          (drover_count_ms; UPTIME in milliseconds)
# http://./counter BOOT HOSTNAME COUNTER UPTIME
# http://./log     COUNTER UPTIME CLOCK, the last 600 and more; CLOCK is the machine's, in seconds since 1970: it goes
#                  on while the guest is paused, as UPTIME does not
# http://./cgi-bin/disk  BOOT LAST RECORDS MISSING, read back from the disk
# http://./cgi-bin/processes  what each process waits for
export PATH=/bin
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs devtmpfs /dev
/bin/busybox --install -s /bin
mkdir /dev/pts && mount -t devpts devpts /dev/pts

read -r cmdline < /proc/cmdline
case " $cmdline " in
    *' drover.probe '*) echo 'drover-guest: probe'; poweroff -f ;;
esac
while read -r module; do insmod "/modules/$module" 2>/dev/null; done < /modules/order

# The seed, if there is one: disks and drives need a moment to be found.
# shellcheck source=/dev/null
. /seed
name=drover-guest
for _ in 1 2 3 4 5 6 7 8 9 10; do
    if open_seed; then
        take_seed
        break
    fi
    sleep 0.1
done
hostname "$name"
echo "$name" > /etc/hostname

ip link set lo up
if [ -s /run/seed/network ]; then
    connect_by_seed < /run/seed/network
else
    for card in /sys/class/net/eth*; do [ ! -e "$card" ] || connect_by_dhcp "${card##*/}"; done
fi
serve_ssh
for script in /run/seed/script-*; do [ ! -e "$script" ] || sh "$script" > "$script.log" 2>&1 & done
httpd -p 80 -h /www
acpid -f > /dev/null 2>&1 &

disk=
for device in /dev/vda /dev/sda; do [ -n "$disk" ] || [ ! -b "$device" ] || disk=$device; done
echo "$disk" > /run/disk

# The disk's last 8 MiB are no filesystem: the latest record, then a ring of all.
record() { printf '%-511s\n' "$2" | dd of="$disk" bs=512 seek="$1" conv=notrunc,fsync 2>/dev/null; }
if [ -n "$disk" ]; then
    before=$(dd if="$disk" bs=512 skip=114688 count=1 2>/dev/null | tr -d '\000' | sed 's/ *$//')
    [ -z "$before" ] || echo "drover-guest: before $before"
fi

# Hundredths of a second since power-on.
now() {
    read -r up _ < /proc/uptime
    now=$((${up%.*} * 100 + 1${up#*.} - 100))
}

read -r boot < /proc/sys/kernel/random/boot_id
counter=0
if [ -n "$disk" ] && [ -s /run/seed/count ]; then
    echo "drover-guest: counting $boot"
    read -r every < /run/seed/count
    counter "$disk" "$boot" "$every" &
    disk=
fi
now
next=$now
while :; do
    counter=$((counter + 1))
    now
    clock=0
    [ ! -r /sys/class/rtc/rtc0/since_epoch ] || read -r clock < /sys/class/rtc/rtc0/since_epoch
    echo "drover-guest: $boot $name $counter $up"
    echo "$boot $name $counter $up" > /www/counter.new && mv /www/counter.new /www/counter
    echo "$counter $up $clock" >> /www/log
    if [ $((counter % 60)) -eq 0 ]; then tail -n 600 /www/log > /www/log.new && mv /www/log.new /www/log; fi
    if [ -n "$disk" ]; then
        record $((114689 + counter % 8192)) "$boot $counter $up"
        record 114688 "$boot $counter $up"
    fi
    # By the clock, not by the time that the work takes; what is long past is not made up for.
    next=$((next + 100))
    now
    if [ "$next" -gt "$now" ]; then
        left=$((next - now))
        if [ "$left" -lt 10 ]; then left=0$left; fi
        if [ "$left" -lt 100 ]; then sleep "0.$left"; else sleep 1; fi
    else
        next=$now
    fi
done
