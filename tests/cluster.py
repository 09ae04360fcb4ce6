"""A Slurm of one host for the tests: controller, daemon and munge of its own, in one folder, without systemd."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch", "scontrol", "squeue")
_START_SECONDS = 30
_STOP_SECONDS = 20

_SLURM_CONF = """\
ClusterName={name}
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
MailProg=/bin/true
ProctrackType=proctrack/pgid
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=1
GresTypes=gpu
ReturnToService=2
MinJobAge=600
KillWait=1
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} Gres=gpu:2 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


@dataclass(frozen=True)
class Cluster:
    """A Slurm that runs; `environment` is what its commands need to find it."""

    environment: Mapping[str, str]

    def call(self, *command: str | Path, cwd: Path | None = None, path: str = "") -> str:
        """Run a command with the cluster's environment, `path` before its PATH; what it prints."""
        environment = {**self.environment, "PATH": os.pathsep.join(filter(None, [path, self.environment["PATH"]]))}
        words = [str(word) for word in command]
        done = subprocess.run(words, env=environment, cwd=cwd, capture_output=True, text=True)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout.strip()

    def states(self, job: str) -> list[dict[str, str]]:
        """What Slurm says of a job, or of each task of an array."""
        lines = self.call("scontrol", "--oneliner", "show", "job", job).splitlines()
        return [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines]

    def wait(self, job: str, seconds: float = 300) -> list[dict[str, str]]:
        """Wait until a job has ended, however it did; its states."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            states = self.states(job)
            if not {state["JobState"] for state in states} & {"PENDING", "RUNNING", "COMPLETING", "CONFIGURING"}:
                return states
            self._hurry()
            time.sleep(0.2)
        raise TimeoutError(f"job {job} has not ended: {self.call('squeue')}")

    def _hurry(self) -> None:
        """Slurm lets jobs that are queued again wait until nothing of their first try can be left."""
        for line in self.call("squeue", "--noheader", "--states=PENDING", "--array", "--format=%i %r").splitlines():
            job, _, reason = line.strip().partition(" ")
            if reason == "BeginTime":
                self.call("scontrol", "update", f"JobId={job}", "StartTime=now")


@contextmanager
def run_cluster(environment: Mapping[str, str]) -> Iterator[Cluster]:
    """Start a cluster whose jobs get `environment`; everything of it is gone afterwards, also when it fails.

    Its folder lies directly below that for temporary files: sockets have short names only.
    """
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="fc-slurm-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)
        own = {name: value for name, value in environment.items() if not name.startswith("SLURM_")}
        values = {**own, "SLURM_CONF": str(folder / "slurm.conf")}
        _write_configuration(folder)
        _start_munge(folder, stack)
        for daemon in ("slurmctld", "slurmd"):
            _start(folder, daemon, ["-D", "-f", str(folder / "slurm.conf")], values, stack)
        cluster = Cluster(values)
        _wait_until_ready(cluster, folder)
        stack.callback(_end_jobs, cluster)
        yield cluster


def _write_configuration(folder: Path) -> None:
    for name in ("state", "spool"):
        (folder / name).mkdir()
    text = _SLURM_CONF.format(
        name=f"fc{uuid.uuid4().hex[:8]}", host=socket.gethostname().split(".")[0], folder=folder,
        ports=_find_ports(2), cpus=8,
    )  # fmt: skip
    (folder / "slurm.conf").write_text(text)
    # Devices that every machine has stand in for GPUs.
    (folder / "gres.conf").write_text("Name=gpu File=/dev/null\nName=gpu File=/dev/zero\n")


def _start_munge(folder: Path, stack: ExitStack) -> None:
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    options = {"socket": "munge.socket", "pid-file": "munge.pid", "log-file": "munge.log", "seed-file": "munge.seed"}
    places = [f"--{name}={folder / file}" for name, file in options.items()]
    _start(folder, "munged", ["--foreground", "--force", f"--key-file={key}", *places], os.environ, stack)
    _wait_for(lambda: (folder / "munge.socket").exists(), folder, "munged")


def _start(folder: Path, program: str, arguments: list[str], environment: Mapping[str, str], stack: ExitStack) -> None:
    """Start a daemon as a child that ends with the stack."""
    with (folder / f"{program}.out").open("wb") as out:
        daemon = subprocess.Popen([program, *arguments], env=dict(environment), stdout=out, stderr=out)
    stack.callback(_stop, daemon)


def _stop(daemon: subprocess.Popen[bytes]) -> None:
    daemon.terminate()
    try:
        daemon.wait(10)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()


def _wait_until_ready(cluster: Cluster, folder: Path) -> None:
    def is_idle() -> bool:
        asked = ["sinfo", "--noheader", "--format=%t"]
        found = subprocess.run(asked, env=dict(cluster.environment), capture_output=True, text=True)
        return found.stdout.strip() == "idle"

    _wait_for(is_idle, folder, "slurmd")


def _wait_for(ready: Callable[[], bool], folder: Path, program: str) -> None:
    end = time.monotonic() + _START_SECONDS
    while not ready():
        if time.monotonic() > end:
            logs = [path.read_text(errors="replace") for path in sorted(folder.glob("*.out"))]
            raise TimeoutError("\n".join([f"{program} does not start", *logs]))
        time.sleep(0.05)


def _end_jobs(cluster: Cluster) -> None:
    """Cancel what still runs, and wait for it: a task outlives the daemon that started it."""
    cluster.call("scancel", "--user=root")
    end = time.monotonic() + _STOP_SECONDS
    while cluster.call("squeue", "--noheader") and time.monotonic() < end:
        time.sleep(0.1)


def _find_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
