%% @private Handles: opaque names of dicts. Pure but for the random bits and the node's name.
%%
%% A handle says which node made it and 128 bits, random but for the first: so it names no dict of another node, of
%% another owner, or of a port program before or after. The first bit is 0 in those that are made here, and 1 in
%% those that no Erlang process owns: of dicts that have a name, and that Python makes. The second is then 1 in those of
%% lists (erlang.SharedList).
-module(py_handle).

-export([new/0, new_unowned/0, is_made_here/1, of_bits/1, is_handle/1, is_list/1, route/1]).

-compile({no_auto_import, [is_list/1]}).

-export_type([handle/0, bits/0]).

-type bits() :: <<_:128>>.
-opaque handle() :: {'$pyport_dict', node(), bits()}.

-define(TAG, '$pyport_dict').

%% @doc Fresh bits for a new dict.
-spec new() -> bits().
new() ->
    <<_:1, Random:127/bits>> = crypto:strong_rand_bytes(16),
    <<0:1, Random/bits>>.

%% @doc Fresh bits for a dict that no process owns.
-spec new_unowned() -> bits().
new_unowned() ->
    <<_:2, Random/bits>> = new(),
    <<2#10:2, Random/bits>>.

%% @doc False for those of dicts that a Python process made.
-spec is_made_here(bits()) -> boolean().
is_made_here(<<Mark:1, _:127/bits>>) -> Mark =:= 0.

-spec of_bits(bits()) -> handle().
of_bits(<<_:16/binary>> = Bits) -> {?TAG, node(), Bits}.

-spec is_handle(term()) -> boolean().
is_handle({?TAG, Node, <<_:16/binary>>}) when is_atom(Node) -> true;
is_handle(_) -> false.

%% @doc True for those of lists.
-spec is_list(term()) -> boolean().
is_list({?TAG, _, <<2#11:2, _:126/bits>>}) -> true;
is_list(_) -> false.

%% @doc Where the dict of a handle lives. A node without a name made only handles of its own.
-spec route(term()) -> {local, bits()} | {remote, node()} | not_a_handle.
route({?TAG, Node, <<_:16/binary>> = Bits}) when Node =:= node(); Node =:= nonode@nohost -> {local, Bits};
route({?TAG, Node, <<_:16/binary>>}) when is_atom(Node) -> {remote, Node};
route(_) -> not_a_handle.
