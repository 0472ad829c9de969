die 'no pears';
