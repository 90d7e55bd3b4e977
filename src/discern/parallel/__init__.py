"""Many pieces of work at once, each on one core.

What runs them is behind one seam: an `Executor` takes a call and gives its `Future`. `map_in_order` needs no more, so
threads here, processes beside this one and machines of a cluster are alike to whoever maps.
"""

from discern.parallel.cores import count_cores, single_threaded_blas
from discern.parallel.executor import Executor, ProcessExecutor, ThreadExecutor
from discern.parallel.ordered_map import map_in_order, parallel_map, results_in_order
from discern.parallel.worker_process import WorkerProcess, run_worker

__all__ = [
    "Executor",
    "ProcessExecutor",
    "ThreadExecutor",
    "WorkerProcess",
    "count_cores",
    "map_in_order",
    "parallel_map",
    "results_in_order",
    "run_worker",
    "single_threaded_blas",
]
