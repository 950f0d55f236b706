%% @private Dicts that have a name. They belong to the node and last until they are deleted, whoever made them; Python
%% finds them by the same names.
%%
%% A name may be `global': then the node that makes the dict first is where it lives, and all connected nodes that open
%% the name so get that one. A process of py_global on that node stands for it in OTP's module `global'.
-module(py_named).

-include("py_protocol.hrl").

-export([open/2, names/0, delete/1, open_here/2]).

-type name() :: binary() | atom() | string().

-spec open(term(), term()) -> py_dict:result({ok, py_handle:handle()} | missing).
open(Name, Options) ->
    case {text(Name), py_options:open(Options)} of
        {error, _} -> {badarg, {1, dict_name}};
        {_, error} -> {badarg, {2, open_options}};
        {{ok, Text}, {ok, #{global := true, create := Create}, Sent}} -> py_global:open(Text, Create, Sent);
        {{ok, Text}, {ok, #{create := Create}, Sent}} -> open_here(Text, {Create, Sent})
    end.

%% @doc On this node; also called by others.
-spec open_here(binary(), {Create :: boolean(), py_options:sent()}) -> py_dict:result({ok, py_handle:handle()} | missing).
open_here(Text, {Create, Sent}) ->
    Flag = case Create of true -> 1; false -> 0 end,
    case py_dict:of_table(?OP_OPEN, {Text, Flag, py_handle:new_unowned(), Sent}) of
        {value, {Bits, _IsNew}} -> {ok, py_handle:of_bits(Bits)};
        Other -> Other
    end.

%% @doc In the order in which they were made.
-spec names() -> py_dict:result({value, [{binary(), py_handle:handle()}]}).
names() ->
    case py_dict:of_table(?OP_NAMES, none) of
        {value, Named} -> {value, [{Name, py_handle:of_bits(Bits)} || {Name, Bits} <- Named]};
        Failure -> Failure
    end.

-spec delete(term()) -> py_dict:result(ok | missing).
delete(Name) ->
    case text(Name) of
        error -> {badarg, {1, dict_name}};
        {ok, Text} ->
            ok = py_global:forget(Text),
            py_dict:of_table(?OP_REMOVE_NAME, Text)
    end.

%% 1 to 64 bytes of UTF-8, none of them a control character.
-spec text(name() | term()) -> {ok, binary()} | error.
text(Name) when is_atom(Name) -> text(atom_to_binary(Name, utf8));
text(Name) when is_binary(Name), byte_size(Name) >= 1, byte_size(Name) =< 64 ->
    case unicode:characters_to_list(Name) of
        Characters when is_list(Characters) -> printable(Characters, Name);
        _ -> error
    end;
text([_ | _] = Name) ->
    try unicode:characters_to_binary(Name) of
        Text when is_binary(Text) -> text(Text);
        _ -> error
    catch error:badarg -> error
    end;
text(_) -> error.

printable(Characters, Name) ->
    case lists:any(fun(C) -> C < 32 orelse C =:= 127 end, Characters) of
        true -> error;
        false -> {ok, Name}
    end.
