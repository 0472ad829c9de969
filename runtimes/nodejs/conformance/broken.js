exports.echoes = (event => event;
