"""Parallel execution of function calls in threads or worker processes.

An `Executor` takes a call and returns its `Future`. `map_in_order` needs nothing else of it, so threads, local
processes and the machines of a cluster are interchangeable.
"""

from discern.parallel.cores import count_cores, single_threaded_blas
from discern.parallel.daemon_thread import run_in_daemon_thread
from discern.parallel.executor import Executor, ProcessExecutor, ThreadExecutor
from discern.parallel.ordered_map import map_in_order, parallel_map, results_in_order
from discern.parallel.resource_limits import limit_resources
from discern.parallel.worker_process import WorkerProcess, run_worker

__all__ = [
    "Executor",
    "ProcessExecutor",
    "ThreadExecutor",
    "WorkerProcess",
    "count_cores",
    "limit_resources",
    "map_in_order",
    "parallel_map",
    "results_in_order",
    "run_in_daemon_thread",
    "run_worker",
    "single_threaded_blas",
]
