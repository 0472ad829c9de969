exports.handler = async (event) => {
  switch (event) {
    case 'object': throw { status: 404 };
    case 'null': throw null;
    case 'undefined': throw undefined;
    case 'looks': throw { name: 'Looks', message: 'like an error', stack: 'Looks: like an error\n    at home' };
  }
};
