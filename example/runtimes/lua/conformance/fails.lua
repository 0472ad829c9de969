error("no pears", 0)
