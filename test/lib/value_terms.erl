%% Random Erlang terms of every kind that has a form in Python, and of some that have none: what the storm of values
%% sends. PropEr makes them.
-module(value_terms).

-export([pick/4]).

%% What PropEr's header says of these; Debian puts the header into a package of its own.
-import(proper_types, [vector/2, oneof/1, frequency/1, resize/2]).
-define(LET(X, Type, Generator), proper_types:bind(Type, fun(X) -> Generator end, false)).
-define(SIZED(Size, Generator), proper_types:sized(fun(Size) -> Generator end)).
-define(LAZY(Generator), proper_types:lazy(fun() -> Generator end)).
-define(ONCE(Generator), ?ONCE(?FUNCTION_NAME, Generator)).
-define(ONCE(Name, Generator), once(Name, fun() -> Generator end)).

%% @doc So many terms, in which that dict's handle may be. The same ones for the same seed, but for pids and the like. They
%% nest as deeply as Size, a power of two, can be halved.
-spec pick(pos_integer(), pos_integer(), {integer(), integer(), integer()}, py:shared_dict()) -> [term()].
pick(Count, Size, Seed, Handle) ->
    {ok, Terms} = proper_gen:pick(vector(Count, term()), Size, Seed),
    [put_in(Term, Handle) || Term <- Terms].

term() -> ?ONCE(frequency([{600, ?SIZED(Size, term(Size))}, {20, merging()}, {4, wide()}, {1, deep()}])).

term(0) -> leaf();
term(Size) -> ?ONCE({term, Size}, term_of(?LAZY(resize(Size div 2, term(Size div 2))))).

term_of(Part) ->
    frequency([{6, leaf()}, {2, some(Part)}, {2, ?LET(List, some(Part), list_to_tuple(List))}, {2, map_of(0, 6, Part)}]).

some(Part) -> ?LET(Count, uniform(0, 5), vector(Count, Part)).

map_of(From, To, Part) ->
    ?LET(Count, uniform(From, To), ?LET(Pairs, vector(Count, {key(), Part}), maps:from_list(Pairs))).

leaf() ->
    ?ONCE(frequency([{6, whole()}, {4, real()}, {3, atom()}, {5, text()}, {3, data()}, {2, {bytes, oneof([text(), data()])}},
                     {2, characters()}, {1, oneof([[], {}, #{}])}, {3, opaque()}, {1, {'$put', handle}}])).

%%% Numbers

%% PropEr's range/2 keeps to small numbers; this has the same seed.
uniform(From, To) -> ?LAZY(From - 1 + rand:uniform(To - From + 1)).

whole() ->
    ?ONCE(frequency([{2, uniform(-300, 300)}, {2, ?LET({Bits, Off}, {bits(), uniform(-2, 2)}, (1 bsl Bits) + Off)},
                     {1, ?LET({Bits, Off}, {bits(), uniform(-2, 2)}, Off - (1 bsl Bits))}, {1, long()}])).

%% Around the limits of the forms that either side has, and anything between.
bits() ->
    ?ONCE(frequency([{3, oneof([7, 8, 15, 16, 27, 28, 31, 32, 59, 60, 63, 64, 127, 2032, 2039, 2040, 2041])}, {3, uniform(0, 70)},
                     {1, uniform(70, 5000)}])).

long() ->
    ?ONCE(?LET({Bytes, Sign}, {random_bytes(600), oneof([1, -1])}, Sign * binary:decode_unsigned(<<0, Bytes/binary>>))).

real() ->
    ?ONCE(frequency([{2, oneof([0.0, -0.0, 1.0, -1.0, 1.5, 5.0e-324, -2.2250738585072009e-308, 2.2250738585072014e-308,
                                1.7976931348623157e308, 9007199254740993.0, 1.0e22])},
                     {3, ?LET(Bits, uniform(0, (1 bsl 64) - 1), float_of(Bits))},
                     {1, ?LET(Bits, uniform(0, (1 bsl 52) - 1), float_of(Bits))}])).   % denormal

float_of(Bits) ->
    case <<Bits:64>> of
        <<Float/float>> -> Float;
        _ -> -0.0   % infinite, or no number: not in Erlang
    end.

%%% Texts and bytes

%% A few: atoms are never forgotten.
atom() ->
    ?ONCE(oneof([true, false, none, nil, undefined, ok, '', 'two words', bytes, infinity, neg_infinity, nan, surrogate,
                 '\x{e9}', '\x{20ac}', '\x{1f600}', list_to_atom(lists:duplicate(255, $x)),
                 list_to_atom(lists:duplicate(255, 16#1f600))])).

text() ->
    ?ONCE(frequency([{1, <<>>}, {6, ?LET(Chars, some(character()), unicode:characters_to_binary(Chars))},
                     {2, ?LET({Char, Count}, {character(), uniform(1, 300)}, repeated(Char, Count))}])).

repeated(Char, Count) -> unicode:characters_to_binary(lists:duplicate(Count, Char)).

character() ->
    ?ONCE(oneof([uniform(From, To) || {From, To} <- [{0, 127}, {128, 16#7ff}, {16#800, 16#d7ff}, {16#e000, 16#ffff},
                                                     {16#10000, 16#10ffff}]])).

%% Mostly no UTF-8: anything, what looks like it, and text that was cut.
data() ->
    ?ONCE(frequency([{3, random_bytes(40)}, {1, random_bytes(5000)},
                     {2, oneof([<<16#ed, 16#a0, 16#80>>, <<16#c0, 16#80>>, <<16#f4, 16#90, 16#80, 16#80>>, <<16#e0, 16#80, 16#af>>])},
                     {2, ?LET(Text, text(), binary:part(<<Text/binary, 16#e2, 16#82, 16#ac>>, 0, byte_size(Text) + 2))}])).

random_bytes(Most) -> ?LAZY(rand:bytes(rand:uniform(Most + 1) - 1)).

%% Strings, as the external format has them up to 65535 bytes, and lists that are nearly such.
characters() ->
    ?ONCE(frequency([{3, some(uniform(0, 255))}, {1, some(character())},
                     {1, ?LET(Bytes, random_bytes(300), binary_to_list(Bytes))}])).

%%% What Python only carries

opaque() ->
    ?ONCE(frequency([{2, ?LAZY(element(rand:uniform(3), {self(), make_ref(), hd(erlang:ports())}))}, {1, oneof(strangers())},
                     {2, {'$put', oneof([exported, {whole()}, {text(), real()}])}},
                     {2, ?LET({Bytes, Bits, Size}, {random_bytes(9), uniform(0, 127), uniform(1, 7)}, <<Bytes/binary, Bits:Size>>)},
                     {2, ?LET({List, Tail}, {some(whole()), oneof([atom(), whole(), text(), real()])}, [0 | List] ++ Tail)},
                     {1, [#{1 => a, 1.0 => b} | nil]}])).

%% Funs are put in afterwards: PropEr takes those without arguments for generators, and warns of all others.
put_in({'$put', handle}, Handle) -> Handle;
put_in({'$put', exported}, _) -> fun lists:map/2;
put_in({'$put', {X}}, _) -> fun() -> X end;
put_in({'$put', {X, Y}}, _) -> fun(Z) -> {X, Y, Z} end;
put_in([Head | Tail], Handle) -> [put_in(Head, Handle) | put_in(Tail, Handle)];
put_in(Tuple, Handle) when is_tuple(Tuple) -> list_to_tuple(put_in(tuple_to_list(Tuple), Handle));
put_in(Map, Handle) when is_map(Map) -> maps:from_list(put_in(maps:to_list(Map), Handle));
put_in(Other, _) -> Other.

%% Of another node.
strangers() ->
    Node = <<119, 4, "n@ho">>,
    Pid = <<88, Node/binary, 7:32, 1:32, 2:32>>,
    Reference = <<90, 3:16, Node/binary, 2:32, 1:32, 2:32, 3:32>>,
    Port = <<120, Node/binary, 1:16, 5:48, 6:32>>,
    [binary_to_term(<<131, Term/binary>>) || Term <- [Pid, Reference, Port]].

%%% Keys

key() -> key(2).

key(Depth) -> ?ONCE({key, Depth}, frequency(keys(Depth))).

keys(Depth) ->
    [{60, plain_key()}, {10, real()}, {10, data()}, {5, opaque()}, {5, atom()}, {4, {bytes, text()}},
     {1, oneof([true, 1, 1.0, a, <<"a">>, {bytes, <<"a">>}, none, nil, {bytes, <<255>>}, <<255>>])}]
        ++ [{2, ?LET(Keys, some(?LAZY(key(Depth - 1))), list_to_tuple(Keys))} || Depth > 0]
        ++ [{1, oneof([[], [1], #{}, #{1 => 2}, {[]}])} || Depth =:= 2].   % unhashable

%% Maps of two or three keys of which some become one, in Python or on the way back.
merging() ->
    Key = oneof([true, 1, 1.0, false, 0, 0.0, -0.0, a, <<"a">>, {bytes, <<"a">>}, none, nil, undefined, <<"none">>,
                 {bytes, <<255>>}, <<255>>, 1 bsl 70, float(1 bsl 70), (1 bsl 53) + 1, float(1 bsl 53), {1, a},
                 {1.0, <<"a">>}, {true, {bytes, <<"a">>}}, [1 | 2], [1.0 | 2]]),
    Map = ?LET({Count, Part}, {oneof([2, 3]), leaf()}, ?LET(Keys, vector(Count, Key), maps:from_list([{K, Part} || K <- Keys]))),
    ?LET({Depth, Inner, Wraps}, {uniform(0, 3), Map, vector(3, uniform(1, 3))}, nested(Depth, Inner, Wraps)).

%% Different ones stay so.
plain_key() -> ?ONCE(oneof([uniform(2, 100000), text(), whole()])).

%%% Sizes

%% Around the limits between short and long forms, and beyond what picklers write at once.
wide() -> ?ONCE(wide(oneof([31, 32, 33, 255, 256, 257, 999, 1000, 1001]), oneof([uniform(0, 1000), text(), real(), [], {none}]))).

wide(Count, Part) ->
    frequency([{3, ?LET(N, Count, vector(N, Part))}, {2, ?LET(N, Count, ?LET(List, vector(N, Part), list_to_tuple(List)))},
               {2, ?LET(N, Count, ?LET(Pairs, vector(N, {plain_key(), Part}), maps:from_list(Pairs)))},
               {2, ?LET({N, Off}, {oneof([256, 2048, 4096, 8192, 65536]), uniform(-40, 40)}, binary:copy(<<"x">>, N + Off))},
               {1, ?LET({N, Char}, {oneof([255, 256, 65535, 65536]), uniform(0, 255)}, lists:duplicate(N, Char))},
               {1, ?LET({N, Byte}, {oneof([255, 256, 65535, 65536]), uniform(128, 191)}, binary:copy(<<Byte>>, N))}]).

%% From 200 levels on Python's pickle module takes over; 512 are the limit, and what is near it hangs on the frame.
deep() ->
    Levels = oneof([uniform(180, 220), uniform(220, 400), uniform(520, 600)]),
    ?LET({Depth, Leaf, Wraps}, {Levels, leaf(), vector(3, uniform(1, 3))}, nested(Depth, Leaf, Wraps)).

nested(0, Term, _) -> Term;
nested(Levels, Term, [Wrap | Wraps]) -> nested(Levels - 1, wrap(Wrap, Term), Wraps ++ [Wrap]).

wrap(1, Term) -> [Term];
wrap(2, Term) -> {Term};
wrap(3, Term) -> #{<<"k">> => Term}.

%% Building a generator takes far longer than its use, so each is built once.
once(Name, Build) ->
    case persistent_term:get({?MODULE, Name}, none) of
        none ->
            Type = Build(),
            ok = persistent_term:put({?MODULE, Name}, Type),
            Type;
        Type -> Type
    end.
