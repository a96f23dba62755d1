"""
Stands in for systemd-logind at a test's own system bus: hands out delay locks, and "sleeps" once they are released or
InhibitDelayMaxSec (the first argument) is over; with "refuse" as the second, it hands out none. Told by its stdin (sleep, wake), tells what happens on its stdout, a line each.
"""

import os
import sys
import time

from gi.repository import Gio, GLib

SPEC = """<node><interface name="org.freedesktop.login1.Manager">
  <method name="Inhibit">
    <arg type="s" direction="in"/><arg type="s" direction="in"/><arg type="s" direction="in"/>
    <arg type="s" direction="in"/><arg type="h" direction="out"/>
  </method>
  <property name="InhibitDelayMaxUSec" type="t" access="read"/>
  <signal name="PrepareForSleep"><arg type="b"/></signal>
</interface></node>"""
MANAGER = "org.freedesktop.login1.Manager"
PATH = "/org/freedesktop/login1"
delay_s = float(sys.argv[1])
locks = set()
since = None


def say(text):
    print(text, flush=True)


def announce(is_sleep):
    bus.emit_signal(None, PATH, MANAGER, "PrepareForSleep", GLib.Variant("(b)", (is_sleep,)))


def fall_asleep():
    global since
    if since is not None:
        say(f"asleep after {round((time.monotonic() - since) * 1000)} ms with {len(locks)} locks")
        since = None
    return False


def released(fd, _condition):
    locks.discard(fd)
    os.close(fd)
    say("released")
    if not locks:
        fall_asleep()
    return False


def called(_bus, _sender, _path, _interface, _method, parameters, invocation):
    if "refuse" in sys.argv:
        invocation.return_dbus_error("org.freedesktop.DBus.Error.AccessDenied", "Permission denied")
        return
    ours, theirs = os.pipe()
    locks.add(ours)
    GLib.io_add_watch(ours, GLib.IO_HUP, released)
    fds = Gio.UnixFDList.new()
    handle = fds.append(theirs)
    os.close(theirs)
    say("held " + " ".join(parameters.unpack()))
    invocation.return_value_with_unix_fd_list(GLib.Variant("(h)", (handle,)), fds)


def told(stdin, _condition):
    global since
    line = stdin.readline().strip()
    if line == "sleep":
        since = time.monotonic()
        announce(True)
        if locks:
            GLib.timeout_add(int(delay_s * 1000), fall_asleep)
        else:
            fall_asleep()
    elif line == "wake":
        announce(False)
    elif line == "":
        loop.quit()
        return False
    return True


def read(_bus, _sender, _path, _interface, _name):
    return GLib.Variant("t", int(delay_s * 1_000_000))


bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
interface = Gio.DBusNodeInfo.new_for_xml(SPEC).interfaces[0]
bus.register_object(PATH, interface, called, read, None)
Gio.bus_own_name_on_connection(
    bus, "org.freedesktop.login1", Gio.BusNameOwnerFlags.NONE, lambda *_: say("there"), lambda *_: say("lost")
)
GLib.io_add_watch(sys.stdin, GLib.IO_IN | GLib.IO_HUP, told)
loop = GLib.MainLoop()
loop.run()
