"""What must survive a crash. `sqlite` is the embedded back end; another one passes tests/store/conformance.py."""
