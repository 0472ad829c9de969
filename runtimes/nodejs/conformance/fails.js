throw new TypeError('no pears');
