"""Tell network file systems from local ones."""

from pathlib import Path

import psutil

__all__ = ["is_on_network"]

_NETWORK_TYPES = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "fuse.ceph", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs", "gfs2", "gpfs"}
    | {"lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "panfs", "pvfs2", "smb3", "smbfs", "virtiofs", "wekafs"}
)


def is_on_network(directory: Path) -> bool:
    """Whether an existing directory lies on a file system that other hosts may share."""
    place = directory.resolve()
    mounts = [mount for mount in psutil.disk_partitions(all=True) if place.is_relative_to(mount.mountpoint)]
    # The last of several mounts on one point hides the others.
    innermost = max(enumerate(mounts), key=lambda item: (len(item[1].mountpoint), item[0]), default=None)
    return innermost is not None and innermost[1].fstype in _NETWORK_TYPES
