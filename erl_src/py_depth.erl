%% @private Where a term is nested too deeply to be sent. Pure.
%%
%% The port program refuses such a frame before it looks at what it holds, so the way to the place
%% is found here, in the terms that the caller gave.
-module(py_depth).

-export([explain/2, explain_pairs/2]).

-define(LEVELS, 511).   % of the 512 that a frame may have, the body's own tuple is one

-type path() :: [binary() | integer()].

%% @doc The result of a request whose body held `Terms': a refused depth names the first place that is too deep.
-spec explain(Result, [term()]) -> Result | {error, {bad_term, path(), depth}}.
explain({error, {bad_etf, <<"depth ", _/binary>>}}, Terms) -> {error, {bad_term, first(Terms), depth}};
explain(Result, _) -> Result.

%% @doc The same for a body that held pairs of keys and values in a list, two levels below which a value begins.
-spec explain_pairs(Result, [{binary() | integer(), term()}]) -> Result | {error, {bad_term, path(), depth}}.
explain_pairs({error, {bad_etf, <<"depth ", _/binary>>}}, Pairs) -> {error, {bad_term, first_pair(Pairs), depth}};
explain_pairs(Result, _) -> Result.

first_pair([]) -> [];
first_pair([{Key, Value} | Pairs]) ->
    case path(Value, ?LEVELS - 2) of
        none -> first_pair(Pairs);
        Path -> [Key | Path]
    end.

first([]) -> [];   % in something that has no paths, such as a fun
first([Term | Terms]) ->
    case path(Term, ?LEVELS) of
        none -> first(Terms);
        Path -> Path
    end.

path([_ | _], 0) -> [];
path(Tuple, 0) when tuple_size(Tuple) > 0 -> [];
path(Map, 0) when map_size(Map) > 0 -> [];
path(List, Left) when is_list(List) -> in_list(List, 1, Left - 1);
path(Tuple, Left) when is_tuple(Tuple) -> in_list(tuple_to_list(Tuple), 1, Left - 1);
path(Map, Left) when is_map(Map) -> in_map(maps:to_list(Map), Left - 1);
path(_, _) -> none.

in_list([], _, _) -> none;
in_list([Term | Terms], Position, Left) ->
    case path(Term, Left) of
        none -> in_list(Terms, Position + 1, Left);
        Path -> [Position | Path]
    end;
in_list(Tail, Position, Left) -> in_list([Tail], Position, Left).

in_map([], _) -> none;
in_map([{Key, Value} | Pairs], Left) ->
    case {path(Key, Left), path(Value, Left)} of
        {none, none} -> in_map(Pairs, Left);
        {none, Path} -> [step(Key) | Path];
        {_, _} -> [step(Key)]
    end.

step(Key) when is_binary(Key); is_integer(Key) -> Key;
step(Key) when is_atom(Key) -> atom_to_binary(Key, utf8);
step(Key) -> unicode:characters_to_binary(io_lib:format("~tP", [Key, 8])).
