"""What the keeper says about itself: logs, metrics, error reports, the pulse, and systemd."""
