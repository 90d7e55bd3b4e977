"""Training in several processes that `torchrun` starts: the first one runs the command, the others help it."""

import os


def follow_first_process() -> bool:
    """Help the first process that `torchrun` started until it ends, if this is another one.

    Returns:
        True in the other processes, which then have nothing left to do; False in the first one, and without `torchrun`.
    """
    if "TORCHELASTIC_RUN_ID" not in os.environ or os.environ.get("WORLD_SIZE") == "1":
        return False
    # With `torchrun`, torch is there.
    from discern.training.methods.loop.torch_follower import follow  # noqa: PLC0415 - it imports torch, which is optional
    from discern.training.methods.loop.torch_processes import join_processes  # noqa: PLC0415

    processes = join_processes()
    if processes.first:
        return False
    follow(processes)
    return True
