"""Spark's RDD.pipe over a cluster of real worker processes on this machine."""

import os
import shlex
import sys


def check(command, lines, expected):
    """Every partition goes through a process of its own; the answers must be the same lines in the same order."""
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    from py4j.protocol import Py4JJavaError
    from pyspark import SparkConf, SparkContext

    conf = (SparkConf().setMaster("local-cluster[2,1,1024]").setAppName("fovea").set("spark.ui.enabled", "false")
            .set("spark.task.maxFailures", "1").set("spark.executor.memory", "1g"))
    context = SparkContext(conf=conf)
    context.setLogLevel("OFF")
    try:
        # Seven partitions over two workers, and one more that is empty.
        requests = context.parallelize(lines, 7).union(context.parallelize([], 1))
        answers = requests.pipe(shlex.join(command), env=dict(os.environ), checkCode=True).collect()
        assert answers == expected, "Spark's answers are not those of one process"
        workers = context._jsc.sc().getExecutorMemoryStatus().size() - 1
        print(f"spark {context.version}: {len(answers)} answers from {requests.getNumPartitions()} partitions on "
              f"{workers} workers, equal to one process")

        # What would happen without --exit-zero: a poisoned picture looks like a crash.
        strict = [word for word in command if word != "--exit-zero"]
        try:
            requests.pipe(shlex.join(strict), env=dict(os.environ), checkCode=True).collect()
        except Py4JJavaError as error:
            assert "exited with error code 1" in str(error), error
            print("spark: without --exit-zero and with checkCode the same job fails, as it should")
        else:
            raise AssertionError("a status of 1 went unnoticed")
    finally:
        context.stop()
