raise TypeError, "no pears"
