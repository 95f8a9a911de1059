"""Who runs what, and when: the command, the plan, the executors and the ledger."""
