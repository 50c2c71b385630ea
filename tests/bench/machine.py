"""Where something was measured: the machine and the versions of all that took part."""

import json
import os
import platform
import re
import subprocess

from peers import INSTALLED
from server import nginx_program


def first_line(*command):
    """Of what a program says of itself; nginx says it on standard error."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True, cwd="/")
        return done.stdout.strip().splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return "unknown"


def processor():
    with open("/proc/cpuinfo") as file:
        found = re.search(r"model name\s*:\s*(.*)", file.read())
    return found[1] if found else platform.machine()


def memory_gib():
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def description(options, programs):
    """programs: PostgreSQL's."""
    found = {
        "system": f"{platform.freedesktop_os_release()['PRETTY_NAME']}, Linux {platform.release()}",
        "machine": f"{os.cpu_count()} cores ({processor()}), {memory_gib():.0f} GiB",
        "load average before": " ".join(f"{load:.1f}" for load in os.getloadavg()),
        "Rollcall": first_line(options.program.resolve(), "--version"),
        "server": first_line(programs / "postgres", "--version"),
        "curl": first_line("curl", "--version").partition(" (")[0],
        "nginx": first_line(nginx_program(), "-v"),
    }
    if options.peers:
        packages = json.loads((INSTALLED / "package.json").read_text())["dependencies"]
        found["peers"] = ", ".join([f"node {first_line('node', '--version')}", first_line("jq", "--version"),
                                    *(f"{name} {version}" for name, version in packages.items())])
    return found
