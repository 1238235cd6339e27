"""The code of the untrusted process, started by path as the package `inside`; nothing here imports `autograder`.

zygote      imports the libraries once and forks a process per submission
isolation   what the process gives up before it runs a student's code
session     serves one notebook: runs cells, forks branches
branch      serves the marker's calls on a fork
shell       IPython without history, configuration or terminal
guard       forbidden modules and calls
talk        the messages of a conversation, the same on both ends
wire        frames on the channel        encoder, decoder, arrays, shared   what may cross it
"""
