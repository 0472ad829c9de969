class OutOfStock extends Error {}

exports.handler = async (event) => {
  switch (event) {
    case 'error': throw new Error('plain');
    case 'type': null.member; break;
    case 'own': throw new OutOfStock('none left');
    case 'named': throw Object.assign(new Error('m'), { name: 'Named', code: 'E_NAMED' });
    case 'cause': throw new Error('outer', { cause: new TypeError('inner') });
    case 'rejected': return Promise.reject(new RangeError('rejected'));
    case 'text': throw 'a text';
    case 'number': throw 42;
  }
};
