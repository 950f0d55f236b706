#!/usr/bin/env escript
%% The Erlang half of cross_check_test.cc.
%%
%%     cross_check.escript generate FILE   random terms, encoded by term_to_binary
%%     cross_check.escript check FILE      the terms again, beside what came back from C++ and Python
%%
%% Files are sequences of records: a 32-bit big-endian length and so many bytes.

-mode(compile).

-define(TERMS, 2000).
-define(VARIANTS, 9).

main(["generate", File]) ->
    Terms = terms(),
    ok = file:write_file(File, [record(term_to_binary(T)) || T <- Terms]),
    ok = file:write_file(File ++ ".terms", term_to_binary(Terms));
main(["check", File]) ->
    %% The same terms: pids, references and funs cannot be made a second time.
    {ok, Saved} = file:read_file(File ++ ".terms"),
    {ok, Data} = file:read_file(File),
    {Returned, Refused} = check(binary_to_term(Saved), Data, 0, 0),
    true = Returned > ?TERMS div 2,
    true = Refused > 10,
    io:format("~b terms returned, ~b refused~n", [Returned, Refused]).

record(Bytes) -> [<<(byte_size(Bytes)):32>>, Bytes].

check([], <<>>, Returned, Refused) ->
    {Returned, Refused};
check([Term | Terms], Data, Returned, Refused) ->
    {Variants, Rest} = take(?VARIANTS, Data, []),
    case no_form(Term) of
        true ->
            [error({should_be_refused, Term, V}) || V <- Variants, V =/= <<"refused">>],
            check(Terms, Rest, Returned, Refused + 1);
        false ->
            Expected = expected(Term),
            [compare(Term, Expected, V) || V <- lists:usort(Variants)],
            check(Terms, Rest, Returned + 1, Refused)
    end.

compare(Term, Expected, Variant) ->
    case catch binary_to_term(<<131, Variant/binary>>) of
        Expected -> ok;
        Got -> error({differs, [{term, Term}, {expected, Expected}, {got, Got}]})
    end.

take(0, Data, Taken) -> {lists:reverse(Taken), Data};
take(N, <<Size:32, Bytes:Size/binary, Rest/binary>>, Taken) -> take(N - 1, Rest, [Bytes | Taken]).

%% What comes back from Python, after the table of conversions.
expected(none) -> none;
expected(nil) -> none;
expected(undefined) -> none;
expected(true) -> true;
expected(false) -> false;
expected(Atom) when is_atom(Atom) -> atom_to_binary(Atom);
expected({bytes, B}) when is_binary(B) -> B;
expected({py_object, T, P}) when is_binary(T), is_binary(P) ->
    case is_text(T) of
        true -> {py_object, T, P};
        false -> {<<"py_object">>, T, P}
    end;
expected({'$pyport_dict', N, H}) when is_atom(N), byte_size(H) =:= 16 -> {'$pyport_dict', N, H};
expected(Tuple) when is_tuple(Tuple) -> list_to_tuple([expected(E) || E <- tuple_to_list(Tuple)]);
expected(Map) when is_map(Map) -> maps:from_list([{expected(K), expected(V)} || {K, V} <- maps:to_list(Map)]);
expected([_ | _] = List) ->
    case is_proper(List) of
        true -> [expected(E) || E <- List];
        false -> List
    end;
expected(Other) -> Other.

%% Whether the term has no Python form, or its Python form no Erlang form: a list or map as key, two keys
%% that become equal in Python or on the way back.
no_form(Map) when is_map(Map) ->
    Keys = maps:keys(Map),
    Python = [python_key(K) || K <- Keys],
    Back = [expected(K) || K <- Keys],
    lists:any(fun unhashable/1, Keys) orelse has_twins(Python) orelse has_twins(Back) orelse
        lists:any(fun no_form/1, maps:values(Map));
no_form(Tuple) when is_tuple(Tuple) -> lists:any(fun no_form/1, tuple_to_list(Tuple));
no_form([_ | _] = List) -> is_proper(List) andalso lists:any(fun no_form/1, List);
no_form(_) -> false.

unhashable([]) -> true;
unhashable([_ | _] = List) -> is_proper(List);
unhashable(Map) when is_map(Map) -> true;
unhashable(Tuple) when is_tuple(Tuple) -> lists:any(fun unhashable/1, tuple_to_list(Tuple));
unhashable(_) -> false.

%% Equal (==) for two keys when Python has them equal.
python_key(A) when A =:= none; A =:= nil; A =:= undefined -> none;
python_key(true) -> 1;
python_key(false) -> 0;
python_key(A) when is_atom(A) -> {text, atom_to_binary(A)};
python_key(B) when is_binary(B) ->
    case is_text(B) of
        true -> {text, B};
        false -> {bytes, B}
    end;
python_key({bytes, B}) when is_binary(B) -> {bytes, B};
python_key(T) when is_tuple(T) -> {tuple, [python_key(E) || E <- tuple_to_list(T)]};
python_key(Other) -> Other.

%% lists:usort compares with ==, as Python does numbers.
has_twins(Keys) -> length(lists:usort(Keys)) < length(Keys).

is_text(Bytes) -> unicode:characters_to_binary(Bytes) =:= Bytes.

is_proper(List) -> is_list(List) andalso (catch length(List) >= 0) =:= true.

terms() ->
    rand:seed(exsss, {1, 2, 3}),
    Fixed = [[a | b], [[1, 2 | c], #{1 => x, 1.0 => y}, [z]], [#{1 => x, 1.0 => y} | tail], {[1 | 2]},
             #{[a | b] => 1}, #{{1, [a | b]} => 1}, #{[a] => 1}, #{{1, #{}} => 1}, #{1 => a, 1.0 => b},
             #{true => a, 1 => b}, #{a => 1, <<"a">> => 2}, #{none => 1, nil => 2}, #{{none} => 1, {nil} => 2},
             #{{bytes, <<255>>} => 1, <<255>> => 2}, #{{bytes, <<"a">>} => 1, <<"a">> => 2},
             #{(1 bsl 70) => a, float(1 bsl 70) => b}, #{(1 bsl 70) + 1 => a, float(1 bsl 70) => b},
             #{1.5 => a, 1 => b}, #{{bytes, <<"b">>} => 1, b => 2}, nested(500, [], fun(T) -> [T] end),
             nested(500, x, fun(T) -> {T} end), nested(500, 1, fun(T) -> #{k => T} end), lists:seq(1, 70000),
             list_to_tuple(lists:seq(1, 300)), maps:from_list([{I, I} || I <- lists:seq(1, 3000)]),
             binary:copy(<<"x">>, 70000), binary:copy(<<255>>, 70000), 1 bsl 3000, -(1 bsl 3000),
             {py_object, <<"a.B">>, <<128, 5, 46>>}, [{py_object, <<"a.B">>, <<>>}], {py_object, <<255>>, <<>>},
             {py_object, a, b}, {bytes, x}, {'$pyport_dict', node(), <<0:128>>}, {'$pyport_dict', node(), <<0:120>>},
             binary_to_atom(unicode:characters_to_binary([233, 8364, 128512]), utf8),
             list_to_atom(lists:duplicate(255, $a)), list_to_atom(lists:duplicate(255, 8364))],
    Fixed ++ [term(0) || _ <- lists:seq(1, ?TERMS - length(Fixed))].

nested(0, Term, _) -> Term;
nested(N, Term, Wrap) -> nested(N - 1, Wrap(Term), Wrap).

term(Depth) when Depth > 4 -> leaf();
term(Depth) ->
    case rand:uniform(8) of
        1 -> [term(Depth + 1) || _ <- count()];
        2 -> list_to_tuple([term(Depth + 1) || _ <- count()]);
        3 -> maps:from_list([{key(0), term(Depth + 1)} || _ <- count()]);
        4 -> [term(Depth + 1) || _ <- [1 | count()]] ++ leaf();
        _ -> leaf()
    end.

count() -> lists:seq(1, rand:uniform(6) - 1).

key(Depth) ->
    case rand:uniform(24) of
        1 when Depth < 3 -> list_to_tuple([key(Depth + 1) || _ <- count()]);
        2 -> [1 | 2];
        3 -> pick([[], [1], #{}, true, false, none, nil, undefined, 0.0, 1.0, 1 bsl 70, float(1 bsl 70)]);
        4 -> {bytes, pick([<<"a">>, <<255>>])};
        5 -> pick([<<"ok">>, ok, <<255>>]);
        N when N < 12 -> rand:uniform(10000);
        N when N < 18 -> binary();
        _ -> pick([a, b, c, 'long atom', list_to_atom([233, 234])])
    end.

leaf() ->
    one_of([fun() -> rand:uniform(300) - 20 end, fun() -> rand:uniform(1 bsl 40) - (1 bsl 39) end, fun big/0,
          fun() -> rand:normal() * 1.0e10 end, fun binary/0, fun binary/0, fun() -> pick([a, true, false, none, nil,
          undefined, ok, 'hello world', list_to_atom([233]), list_to_atom([8364]), '']) end, fun() -> [] end,
          fun() -> {} end, fun() -> #{} end, fun() -> "string" end, fun make_ref/0, fun self/0,
          fun() -> hd(erlang:ports()) end, fun() -> fun lists:map/2 end, fun() -> X = rand:uniform(), fun() -> X end end,
          fun() -> <<5:3>> end, fun() -> {bytes, binary()} end, fun() -> [improper | list] end]).

pick(List) -> lists:nth(rand:uniform(length(List)), List).

one_of(Funs) -> (pick(Funs))().

big() ->
    Bits = pick([31, 32, 63, 64, 65, 128, 2039, 2040, 2041, 5000]),
    (rand:uniform(1 bsl Bits) + pick([0, (1 bsl Bits) - 3])) * pick([1, -1]).

binary() ->
    one_of([fun() -> <<>> end, fun() -> <<"text">> end, fun() -> rand:bytes(rand:uniform(400)) end,
          fun() -> unicode:characters_to_binary([233, 8364, 128512]) end,
          fun() -> binary:copy(<<"ab">>, rand:uniform(200)) end]).
