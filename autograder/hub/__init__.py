"""The course on JupyterHub: settings, hub configuration, the lecturers' formgrader, rosters, operations.

settings       what hub.toml may say; readiness: what the machine must offer
configure      JupyterHub's configuration: groups, roles, services; authenticator, spawners
launch, proxy  `autograder hub start`: everything for one machine, started and stopped together
people         passwords of the file authenticator
formgrader     the lecturers' pages; grading, collecting and returning behind them
gpus, profiles GPUs of this machine, of Docker, Kubernetes and Slurm
roster, backup, health, audit, culler: what an operator needs

Import from the module: JupyterHub and nbgrader take seconds to import.
"""
