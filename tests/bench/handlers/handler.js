exports.same = async (event) => event;
