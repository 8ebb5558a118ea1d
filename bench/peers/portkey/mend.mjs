// Version 1.15.2 changes headers that fetch made immutable, and so fails every stream on this Node (its issue 1389). Loaded
// before it, this lets it leave such headers as they are; nothing else of it is touched.
for (const name of ['append', 'set', 'delete']) {
  const own = Headers.prototype[name];
  Headers.prototype[name] = function (...args) {
    try {
      return own.apply(this, args);
    } catch (error) {
      if (!(error instanceof TypeError && error.message === 'immutable')) throw error;
    }
  };
}
