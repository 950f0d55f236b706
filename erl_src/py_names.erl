%% @private Texts that users give: names, code, paths and the keys of keyword arguments and variables.
%% Pure.
-module(py_names).

-export([text/1, texts/1, name/1, keys/1, is_list_of/2]).

%% @doc An atom, a binary of UTF-8 or a string of Unicode characters as a binary of UTF-8.
-spec text(term()) -> {ok, binary()} | error.
text(Text) when is_binary(Text) -> utf8(Text);
text(Text) when is_atom(Text) -> {ok, atom_to_binary(Text, utf8)};
text(Text) when is_list(Text) -> utf8(Text);
text(_) -> error.

utf8(Text) ->
    try unicode:characters_to_binary(Text) of
        Binary when is_binary(Binary) -> {ok, Binary};
        _ -> error
    catch
        error:badarg -> error
    end.

%% @doc A list of texts.
-spec texts(term()) -> {ok, [binary()]} | error.
texts(Texts) -> texts(Texts, []).

texts([], Done) -> {ok, lists:reverse(Done)};
texts([Text | Texts], Done) ->
    case text(Text) of
        {ok, Binary} -> texts(Texts, [Binary | Done]);
        error -> error
    end;
texts(_, _) -> error.

%% @doc A text that is not empty.
-spec name(term()) -> {ok, binary()} | error.
name(Name) ->
    case text(Name) of
        {ok, <<>>} -> error;
        Other -> Other
    end.

%% @doc A map, or a list of pairs, as a map with texts as keys. Keys that become one are an error.
-spec keys(term()) -> {ok, #{binary() => term()}} | error.
keys(Map) when is_map(Map) -> keys(maps:to_list(Map), #{});
keys(Pairs) -> keys(Pairs, #{}).

keys([], Done) -> {ok, Done};
keys([{Key, Value} | Pairs], Done) ->
    case name(Key) of
        {ok, Name} when not is_map_key(Name, Done) -> keys(Pairs, Done#{Name => Value});
        _ -> error
    end;
keys([Key | Pairs], Done) when is_atom(Key) -> keys([{Key, true} | Pairs], Done);
keys(_, _) -> error.

%% @doc A proper list of what the predicate accepts.
-spec is_list_of(fun((term()) -> boolean()), term()) -> boolean().
is_list_of(_, []) -> true;
is_list_of(Is, [Head | Tail]) -> Is(Head) andalso is_list_of(Is, Tail);
is_list_of(_, _) -> false.
