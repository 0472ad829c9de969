raise TypeError("no pears")
