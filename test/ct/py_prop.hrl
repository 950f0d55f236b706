%% For suites of properties.

%% What PropEr's header says of these; Debian puts the header into a package of its own.
-import(proper, [equals/2]).
-import(proper_types, [integer/0, range/2, float/0, binary/0, list/1, oneof/1, frequency/1, any/0, resize/2]).
-define(FORALL(X, Type, Property), proper:forall(Type, fun(X) -> Property end)).
-define(LET(X, Type, Generator), proper_types:bind(Type, fun(X) -> Generator end, false)).
-define(SIZED(Size, Generator), proper_types:sized(fun(Size) -> Generator end)).
-define(LAZY(Generator), proper_types:lazy(fun() -> Generator end)).
