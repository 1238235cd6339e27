"""GPUs, shared fairly by the notebooks of one machine.

settings     which devices there are and how they are shared, from DLMATH_GPUS
locks        files held by flock
slots        one file per share of a device; whoever holds it has the share
tickets      the queue of those who wait
leases       take a free slot when it is your turn; who has what
provisioner  a Jupyter kernel that holds a lease while it lives
watcher      frees what dead kernels held, takes back what idle ones hold
notice       tells the student, in the notebook, before the GPU is taken back
kernelspecs  "Python (course, CPU)" and "Python (course, GPU)"

Import from the module: the list above has no imports, so that a kernel loads `notice` alone.
"""
