%% The table of conversions in docs/design.md, once more: what Python is to see of a term, what is to come back of it,
%% and which terms have no form. Pure; knows nothing of how pyport does it.
%%
%% What Python sees is told as a term of its own (test/storm/storm_values.py makes it of what it got): str is a
%% binary, bytes `{bytes, Binary}', a str that is no UTF-8 `{surrogate, Binary}', None, True, False, nan and the infinite
%% floats are atoms; the rest is what it is called in both languages, and opaque terms are themselves.
-module(value_model).

-export([as_python/1, back/1, fate/1, unreadable/1, is_fault/2]).

-export_type([fate/0, fault/0]).

-type step() :: binary() | integer() | printed.   % a key that is neither, nor a short atom, stands in the path in some form
-type fault() :: {[step()] | anywhere, duplicate_key | unhashable_key | surrogate | depth}.
-type fate() :: plain | {refused, [fault(), ...]} | {unreadable, [fault(), ...]}.

-define(DEPTH, 512).

%% @doc What Python sees of a term that it can have.
-spec as_python(term()) -> term().
as_python(Atom) when is_boolean(Atom) -> Atom;
as_python(Atom) when Atom =:= none; Atom =:= nil; Atom =:= undefined -> none;
as_python(Atom) when is_atom(Atom) -> atom_to_binary(Atom, utf8);
as_python(Bytes) when is_binary(Bytes) ->
    case is_text(Bytes) of
        true -> Bytes;
        false -> {bytes, Bytes}
    end;
as_python({bytes, Bytes}) when is_binary(Bytes) -> {bytes, Bytes};
as_python({'$pyport_dict', Node, Bits} = Handle) when is_atom(Node), byte_size(Bits) =:= 16 -> Handle;
as_python(Tuple) when is_tuple(Tuple) -> list_to_tuple([as_python(Part) || Part <- tuple_to_list(Tuple)]);
as_python([_ | _] = List) ->
    case is_proper(List) of
        true -> [as_python(Part) || Part <- List];
        false -> List
    end;
as_python(Map) when is_map(Map) -> maps:from_list([{as_python(Key), as_python(Part)} || {Key, Part} <- maps:to_list(Map)]);
as_python(Other) -> Other.

%% @doc What Erlang gets of what Python has told.
-spec back(term()) -> term().
back({bytes, Bytes}) -> Bytes;
back({'$pyport_dict', _, _} = Handle) -> Handle;
back(Tuple) when is_tuple(Tuple) -> list_to_tuple([back(Part) || Part <- tuple_to_list(Tuple)]);
back([_ | _] = List) ->
    case is_proper(List) of
        true -> [back(Part) || Part <- List];
        false -> List
    end;
back(Map) when is_map(Map) -> maps:from_list([{back(Key), back(Part)} || {Key, Part} <- maps:to_list(Map)]);
back(Other) -> Other.

%% @doc Whether a term is stored, and whether Erlang can read it then.
-spec fate(term()) -> fate().
fate(Term) ->
    case {refused(Term), depth(Term)} of
        {[], Depth} when Depth < ?DEPTH ->
            case unreadable(as_python(Term)) of
                [] -> plain;
                Faults -> {unreadable, Faults}
            end;
        {Faults, Depth} -> {refused, Faults ++ [{anywhere, depth} || Depth >= ?DEPTH]}
    end.

%% Where two keys are one in Python, or one cannot be a key there.
refused(Term) -> faults(Term, fun refused_here/1).

refused_here(Map) when is_map(Map) ->
    {Unhashable, Keys} = lists:partition(fun is_unhashable/1, maps:keys(Map)),
    [{[step(Key)], unhashable_key} || Key <- Unhashable] ++ [{[step(Key)], duplicate_key} || Key <- twins(fun python_key/1, Keys)];
refused_here(_) -> [].

%% @doc Where Erlang has no form for what Python told: two keys that become one, text that is none.
-spec unreadable(term()) -> [fault()].
unreadable(Told) -> faults(Told, fun unreadable_here/1).

unreadable_here({surrogate, _}) -> [{[], surrogate}];
unreadable_here(Map) when is_map(Map) ->
    Keys = maps:keys(Map),
    [{[printed], surrogate} || Key <- Keys, unreadable(Key) =/= []]
        ++ [{[step(back(Key))], duplicate_key} || Key <- twins(fun(Key) -> value_diff:encode(back(Key)) end, Keys)];
unreadable_here(_) -> [].

%% Those of a term itself and those of its parts, with the way to them.
faults(Term, Here) -> Here(Term) ++ below(Term, Here).

below(Tuple, Here) when is_tuple(Tuple) -> in_list(tuple_to_list(Tuple), Here);
below([_ | _] = List, Here) ->
    case is_proper(List) of
        true -> in_list(List, Here);
        false -> []
    end;
below(Map, Here) when is_map(Map) ->
    [{[step(Key) | Path], Why} || {Key, Part} <- maps:to_list(Map), {Path, Why} <- faults(Part, Here)];
below(_, _) -> [].

in_list(List, Here) ->
    [{[N | Path], Why} || {N, Part} <- lists:zip(lists:seq(1, length(List)), List), {Path, Why} <- faults(Part, Here)].

%% @doc Whether an error names one of these faults: of two keys that are one it may name either.
-spec is_fault({[binary() | integer()], atom()}, [fault()]) -> boolean().
is_fault({Path, Why}, Faults) -> lists:any(fun({Where, What}) -> What =:= Why andalso leads_to(Path, Where) end, Faults).

leads_to(_, anywhere) -> true;
leads_to([], []) -> true;
leads_to([Step | Path], [printed | Where]) when is_binary(Step) -> leads_to(Path, Where);
leads_to([Step | Path], [Step | Where]) -> leads_to(Path, Where);
leads_to(_, _) -> false.

step(Key) when is_binary(Key) -> Key;
step(Key) when is_integer(Key), Key >= -(1 bsl 63), Key < 1 bsl 63 -> Key;
step(Key) when is_atom(Key) -> short(atom_to_binary(Key, utf8));
step(_) -> printed.

%% What is printed is cut to a readable length.
short(Name) when byte_size(Name) =< 100 -> Name;
short(_) -> printed.

%%% Keys

is_unhashable([]) -> true;
is_unhashable([_ | _] = List) -> is_proper(List);
is_unhashable(Map) when is_map(Map) -> true;
is_unhashable(Tuple) when is_tuple(Tuple) -> lists:any(fun is_unhashable/1, tuple_to_list(Tuple));
is_unhashable(_) -> false.

%% == for two keys when Python has them equal.
python_key(Number) when is_number(Number) -> Number;
python_key(Atom) when is_atom(Atom) ->
    case as_python(Atom) of
        true -> 1;
        false -> 0;
        Told -> Told
    end;
python_key(Tuple) when is_tuple(Tuple) ->
    case as_python(Tuple) of
        {bytes, Bytes} -> {bytes, Bytes};
        _ -> {tuple, [python_key(Part) || Part <- tuple_to_list(Tuple)]}
    end;
python_key(Bytes) when is_binary(Bytes) -> as_python(Bytes);
python_key(Opaque) -> {opaque, value_diff:encode(Opaque)}.

%% Those of the keys whose names (by ==, as Python compares numbers) are more than one's.
twins(Name, Keys) ->
    Names = [Name(Key) || Key <- Keys],
    case length(Keys) - length(lists:usort(Names)) of
        0 -> [];
        _ -> [Key || {Key, Own} <- lists:zip(Keys, Names), length([Other || Other <- Names, Other == Own]) > 1]
    end.

%%% Sizes

%% Levels of containers. (The frame adds a few: terms that come within those of the limit are not asked for.)
depth([_ | _] = List) -> 1 + deepest(elements(List));
depth(Tuple) when tuple_size(Tuple) > 0 -> 1 + deepest(tuple_to_list(Tuple));
depth(Map) when map_size(Map) > 0 -> 1 + max(deepest(maps:keys(Map)), deepest(maps:values(Map)));
depth(_) -> 0.

deepest(Parts) -> lists:foldl(fun(Part, Deepest) -> max(Deepest, depth(Part)) end, 0, Parts).

elements([Head | Tail]) -> [Head | elements(Tail)];
elements([]) -> [];
elements(Tail) -> [Tail].

is_text(Bytes) -> unicode:characters_to_binary(Bytes) =:= Bytes.

is_proper([_ | Tail]) -> is_proper(Tail);
is_proper(Tail) -> Tail =:= [].
