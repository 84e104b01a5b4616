"""A SLURM cluster of one node on the loopback interface, for tests: as root, without munge, systemd or accounting.

Debian's package slurm-wlm suffices (22.05). The configuration must be /etc/slurm/slurm.conf, because Snakemake's
SLURM plugin strips SLURM_CONF from the environment of its job steps; a configuration that is there already is
somebody's cluster, and the test then skips. The file is removed again at the end: with it and without a controller
every start of Snakemake waits ten seconds.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

CONFIGURATION = Path("/etc/slurm/slurm.conf")

TEMPLATE = """\
ClusterName=prunegraph
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/none
CredType=cred/none
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=500
MinJobAge=300
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
KillWait=5
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
PartitionName=gpu Nodes={host} MaxTime=INFINITE State=UP
"""


@contextlib.contextmanager
def one_node(folder: Path):
    """Run the cluster while the block runs; skips the test where SLURM cannot be started."""
    if os.geteuid() or not all(map(shutil.which, ("slurmctld", "slurmd", "sbatch"))):
        pytest.skip("SLURM is not installed here (Debian: slurm-wlm), or the test does not run as root")
    if CONFIGURATION.exists():
        pytest.skip(f"{CONFIGURATION} exists: this machine has a cluster of its own")
    for name in ("state", "spool"):
        (folder / name).mkdir(parents=True)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 - 512
    host = socket.gethostname().partition(".")[0]
    CONFIGURATION.parent.mkdir(exist_ok=True)
    CONFIGURATION.write_text(TEMPLATE.format(host=host, folder=folder, cpus=os.cpu_count(), memory=memory))
    try:
        for daemon in ("slurmctld", "slurmd"):
            subprocess.run([daemon, "-c"], check=True, capture_output=True)
        _wait_until_idle(folder)
        yield
    finally:
        for daemon in ("slurmd", "slurmctld"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                os.kill(int((folder / f"{daemon}.pid").read_text()), 15)
        CONFIGURATION.unlink()


def _wait_until_idle(folder: Path, seconds: float = 20) -> None:
    command = ["sinfo", "-h", "-o", "%T", "-p", "cpu"]
    end = time.monotonic() + seconds
    while subprocess.run(command, capture_output=True, text=True).stdout.strip() != "idle":
        if time.monotonic() > end:
            logs = "\n".join(path.read_text()[-2000:] for path in folder.glob("*.log"))
            pytest.fail(f"the node is not idle after {seconds} s\n{logs}")
        time.sleep(0.1)
