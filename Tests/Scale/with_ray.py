"""Ray Data, each of whose actors keeps a process of the command."""

import subprocess
import threading


class Answers:
    """A process that answers requests, batch by batch."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, batch):
        requests = list(batch["request"])
        # Written beside, or both sides might wait for each other with full pipes.
        writer = threading.Thread(target=self.send, args=(requests,))
        writer.start()
        batch["answer"] = [self.process.stdout.readline().rstrip("\n") for _ in requests]
        writer.join()
        return batch

    def send(self, requests):
        self.process.stdin.write("".join(request + "\n" for request in requests))
        self.process.stdin.flush()


def check(command, lines, expected):
    """The answers, put back in order, must be those of one process."""
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    try:
        requests = [{"position": i, "request": line} for i, line in enumerate(lines)]
        rows = ray.data.from_items(requests, override_num_blocks=6).map_batches(
            Answers, fn_constructor_args=(command,), batch_size=16, num_cpus=0.5,
            compute=ray.data.ActorPoolStrategy(size=2)).take_all()
        answers = [row["answer"] for row in sorted(rows, key=lambda row: row["position"])]
        assert answers == expected, "Ray's answers are not those of one process"
        print(f"ray {ray.__version__}: {len(answers)} answers from 2 actors, equal to one process")
    finally:
        ray.shutdown()
