"""An experiment whose seeds are trained stacked ends with the table of one whose seeds are trained one by one."""
