"""What keeps student code apart: namespaces and a view of files, Landlock, seccomp, users and limits."""
