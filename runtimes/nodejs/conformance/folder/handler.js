exports.echoes = (event) => event;
