"""What a scan does to a router: ``show`` output and configuration → facts → findings."""
