Other = 1
