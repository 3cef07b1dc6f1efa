"""What the four commands share: languages, help, completion, exit codes, missing extras, progress.

It lies in this package because `edge`, `cloud` and `simulators` import it, and one another never.
A command imports the libraries of its extra only when it runs. So `--help`, `--version` and
`--print-completion` answer at once, also where the extra is not installed.

Exit codes: 0 done, 1 failed, 2 wrong use. An expected error is one sentence on stderr.
"""
