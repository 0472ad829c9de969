error "no pears"
